//! The first processor, as the kernel describes it.

use super::surroundings::Surroundings;
use crate::wire::Value;

/// What is said of a processor; what is not said is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    vendor_id: String,
    family: String,
    model_id: String,
    model_name: String,
    stepping: i64,
    /// In KiB.
    cache: i64,
}

// === impl Cpu ===

impl Cpu {
    /// The first one, where the kernel lists them.
    pub fn first(around: &Surroundings) -> Option<Self> {
        let text = around.read("proc/cpuinfo").ok()?;
        let mut lines = text.lines().skip_while(|line| !line.starts_with("processor"));
        lines.next()?;
        let mut cpu = Self::default();
        for line in lines.take_while(|line| !line.starts_with("processor")) {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key.trim() {
                "vendor_id" | "vendorId" => cpu.vendor_id = value.into(),
                "cpu family" => cpu.family = value.into(),
                "model" => cpu.model_id = value.into(),
                "model name" | "Model Name" => cpu.model_name = value.into(),
                "stepping" => cpu.stepping = value.parse().unwrap_or_default(),
                "cache size" => {
                    let size = value.strip_suffix(" KB").unwrap_or(value);
                    cpu.cache = size.parse().unwrap_or_default();
                }
                _ => {}
            }
        }
        Some(cpu)
    }

    /// Whether the model has no number.
    pub fn has_no_model_id(&self) -> bool {
        self.model_id.is_empty()
    }

    /// One of the attributes.
    pub fn value(&self, attribute: &str) -> Option<Value> {
        Some(Value::String(match attribute {
            "host.cpu.vendor.id" => self.vendor_id.clone(),
            "host.cpu.family" => self.family.clone(),
            "host.cpu.model.id" => self.model_id.clone(),
            "host.cpu.model.name" => self.model_name.clone(),
            "host.cpu.stepping" => self.stepping.to_string(),
            "host.cpu.cache.l2.size" => return Some(Value::Int(self.cache)),
            _ => return None,
        }))
    }
}
